// What the server says about one version of a day. Times are minutes of the local day; points are [latitude, longitude].
export type Point = [number, number];

export interface Block {
  kind: "drive" | "visit" | "fetch" | "break";
  from: number;
  to: number;
  task?: string;
  visit?: string;
}

export interface Carer {
  id: string;
  name: string;
  mode: string;
  skills: string[];
  shifts: Point[];
  point: Point | null;
  village: string;
  is_locked: boolean;
  blocks: Block[];
  drive: number;
  work: number;
  overtime: number;
}

export interface Placed {
  task: string;
  carer: string;
  from: number;
  to: number;
}

export interface Visit {
  id: string;
  tasks: string[];
  service: string;
  service_words: string;
  elder: string;
  landmark: string;
  village: string;
  point: Point;
  window: Point;
  minutes: number;
  crew: number;
  tier: string;
  notes: string;
  state: string;
  state_words: string;
  placed: Placed[];
  reason_words: string;
  locks: Record<string, string>;
  answers: Answer[];
}

export interface Answer {
  carer: string;
  state: string;
  reason: string;
  starts: number;
  came?: number | null;
  left?: number | null;
}

export interface Fault {
  task: string;
  carer: string;
  text: string;
}

export interface Figures {
  left_out: Record<string, number>;
  placed: number;
  drive: number;
  overtime: number;
  out: number;
  fairness: Point;
  continuity: Point;
  cost: number;
}

export interface Part {
  plan: { id: string; version: number; revision: number; state: string; on: string; amends: string | null; can_undo: boolean; reason: { kind?: string } };
  carers: Carer[];
  visits: Visit[];
  vans: { id: string; name: string; rounds: { leaves: number; back: number; stops: { visit: string; from: number; to: number }[] }[] }[];
  faults: Fault[];
  figures: Figures;
}

export interface Board extends Part {
  places: {
    villages: { code: string; name: string; point: Point; outline: Point[] }[];
    facilities: { id: string; kind: string; name: string; point: Point }[];
  };
  visiting_rate: Point;
  comparison: Comparison | null;
  /** A sentence for each lock of the version before that this one could not keep. */
  not_kept: string[];
}

export interface BestPlace {
  carer: string;
  name: string;
  is_here: boolean;
  cost: number | null;
  change: number | null;
  starts: number | null;
  mates: { task: string; carer: string; name: string; starts: number }[];
  against: string;
}

export interface Preview {
  cost: number;
  breaks: string[];
  others: string[];
  starts: Record<string, number>;
}

export interface StepRow {
  task: string;
  visit: string;
  visit_words: string;
  kind: string;
  words: string;
  before: { carer: string; name: string; from: number; to: number } | null;
  after: { carer: string; name: string; from: number; to: number } | null;
}

export interface Comparison {
  before: { id: string; version: number; figures: Figures };
  after: { id: string; version: number; figures: Figures };
  steps: StepRow[];
}

export interface LiveVisit {
  id: string;
  state: string;
  state_words: string;
  late: boolean;
  alarm: string;
  flags: string[];
  answers: Answer[];
}

export interface Newer {
  id: string | null;
  version: number | null;
  words: string;
  is_replaced: boolean;
}

export interface Live {
  stamp: string;
  now: number | null;
  visits: LiveVisit[];
  /** What came after this version was made and is on no plan, as words. */
  came: string[];
  revision: number;
  /** What to look at instead of this version, if anything; `is_replaced` where nothing can be done here any more. */
  newer: Newer | null;
}

export interface MoveBody {
  task: string;
  carer: string | null;
  starts?: number | null;
}
