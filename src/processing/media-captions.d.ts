/** The package's own declarations import without extensions, which does not resolve here: this much of it is used. */
declare module 'media-captions' {
  export interface VTTCue {
    /** s */
    startTime: number;
    endTime: number;
    text: string;
  }
  export function parseText(
    text: string,
    options: { type: 'vtt' | 'srt'; strict: boolean; errors: boolean },
  ): Promise<{ cues: VTTCue[] }>;
}
