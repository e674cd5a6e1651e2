# mypy: ignore-errors
"""Run by a real MLflow 3 client: prompts, logged models, webhooks, and what the registry keeps."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookEvent
from mlflow.exceptions import MlflowException

unique, hook_url = sys.argv[1:]
client = MlflowClient()
facts = {}


def code(action, *args, **kwargs) -> str:
    try:
        action(*args, **kwargs)
    except MlflowException as error:
        return error.error_code
    return "none"


# Prompts are registered models that no list of models shows.
prompt = f"prompt-{unique}"
mlflow.genai.register_prompt(name=prompt, template="Hi {{name}}", commit_message="first")
mlflow.genai.register_prompt(name=prompt, template="Hello {{name}}", tags={"tone": "warm"})
mlflow.genai.set_prompt_alias(prompt, alias="prod", version=2)
facts["prompt"] = mlflow.genai.load_prompt(f"prompts:/{prompt}/1").format(name="Ann")
facts["aliased prompt"] = mlflow.genai.load_prompt(f"prompts:/{prompt}@prod").format(name="Ann")
facts["prompts"] = [p.name for p in mlflow.genai.search_prompts(f"name = '{prompt}'")]
facts["not a model"] = len(client.search_registered_models(f"name = '{prompt}'"))
facts["no prompt"] = mlflow.genai.load_prompt(f"prompts:/none-{unique}/1", allow_missing=True)

# Logged models without a run
mlflow.set_experiment(f"logged {unique}")
model = mlflow.initialize_logged_model(name="agent", params={"k": "1"}, tags={"a": "b"})
facts["pending"] = model.status.name
client.finalize_logged_model(model.model_id, "READY")
client.log_model_params(model.model_id, {"depth": "3"})
client.set_logged_model_tags(model.model_id, {"team": "blue"})
client.delete_logged_model_tag(model.model_id, "a")
with mlflow.start_run() as run:
    data = mlflow.data.from_pandas(__import__("pandas").DataFrame({"x": [1]}), name="probe")
    mlflow.log_metric("acc", 0.8, model_id=model.model_id)
    mlflow.log_metric("acc", 0.9, step=1, model_id=model.model_id, dataset=data)
found = mlflow.get_logged_model(model.model_id)
facts["ready"] = found.status.name
facts["params"] = found.params
facts["tags"] = {k: v for k, v in found.tags.items() if not k.startswith("mlflow.")}
facts["metrics"] = sorted([m.key, m.value, m.dataset_name] for m in found.metrics)
search = {"experiment_ids": [found.experiment_id], "output_format": "list"}
facts["by metric"] = len(mlflow.search_logged_models(filter_string="metrics.acc > 0.85", **search))
facts["by data"] = len(
    mlflow.search_logged_models(
        filter_string="metrics.acc < 0.85", datasets=[{"dataset_name": "probe"}], **search
    )
)
facts["logged twice"] = code(client.log_model_params, model.model_id, {"k": "2"})
client.delete_logged_model(model.model_id)
facts["deleted"] = code(client.get_logged_model, model.model_id)

# Webhooks
hook = client.create_webhook(
    name="hook", url=hook_url, events=["model_version.created", "registered_model.created"]
)
facts["hook"] = sorted(str(event) for event in hook.events)
client.update_webhook(hook.webhook_id, description="changed")
facts["hooks"] = [h.description for h in client.list_webhooks() if h.webhook_id == hook.webhook_id]
tested = client.test_webhook(hook.webhook_id, WebhookEvent.from_str("model_version.created"))
facts["tested"] = [tested.success, tested.response_status]
client.delete_webhook(hook.webhook_id)
facts["no hook"] = code(client.get_webhook, hook.webhook_id)

print(json.dumps(facts))
