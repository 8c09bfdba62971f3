type OnProgress = ((fraction: number) => void) | undefined;

/**
 * Progress of work that is done in parts, one after the other.
 * @param weights how long each part takes, in any unit
 * @returns what the part of that number reports to, with 0..1 of itself
 */
export function inParts(weights: number[], onProgress: OnProgress): (part: number) => (fraction: number) => void {
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  return (part) => {
    const before = weights.slice(0, part).reduce((sum, weight) => sum + weight, 0);
    return (fraction) => onProgress?.(Math.min(1, (before + weights[part]! * fraction) / total));
  };
}
