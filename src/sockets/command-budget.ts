const perSecond = 20;
const burst = 40;
/** Refused ones in a row until the socket is closed. */
const patience = 200;

/** How many commands a socket may send: a bucket that fills by twenty a second. */
export class CommandBudget {
  private left = burst;
  private refused = 0;
  private at = performance.now();

  take(): 'run' | 'refuse' | 'close' {
    const now = performance.now();
    this.left = Math.min(burst, this.left + ((now - this.at) / 1_000) * perSecond);
    this.at = now;
    if (this.left >= 1) {
      this.left--;
      this.refused = 0;
      return 'run';
    }
    return ++this.refused > patience ? 'close' : 'refuse';
  }
}
