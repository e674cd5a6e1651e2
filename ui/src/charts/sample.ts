/** What every chart over runs gets. */

/** A run with its values of the chosen columns, in their order; null where it has none. */
export interface Sample {
  id: string;
  experiment: string;
  name: string;
  color: string;
  values: (number | string | null)[];
}

export interface ComparisonProps {
  columns: string[];
  samples: Sample[];
  onOpen: (sample: Sample) => void;
}
