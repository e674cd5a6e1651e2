/** A version's stage and aliases as small marks. */

export const STAGES = ["None", "Staging", "Production", "Archived"];

export function Stage({ stage }: { stage: string }) {
  if (!stage || stage === "None") return <span class="none">–</span>;
  return <span class={`stage ${stage.toLowerCase()}`}>{stage}</span>;
}

export function Aliases({ aliases }: { aliases: string[] }) {
  return (
    <>
      {aliases.map((alias) => (
        <span key={alias} class="chip alias">
          @{alias}
        </span>
      ))}
    </>
  );
}
