export interface PlanGraphProps {
  plan: unknown;
  onOpen?: (key: string) => void;
}

export function PlanGraph(_: PlanGraphProps) {
  return null;
}
