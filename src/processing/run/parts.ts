type OnProgress = ((fraction: number) => void) | undefined;

/**
 * Splits the progress of work that is done in consecutive parts.
 * @param weights duration of each part, in any unit
 * @returns a function per part that reports its 0..1
 */
export function inParts(weights: number[], onProgress: OnProgress): (part: number) => (fraction: number) => void {
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  return (part) => {
    const before = weights.slice(0, part).reduce((sum, weight) => sum + weight, 0);
    return (fraction) => onProgress?.(Math.min(1, (before + weights[part]! * fraction) / total));
  };
}
