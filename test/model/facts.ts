/** Users are numbers; medias and comments are the model's objects. */
export interface MediaFact {
  url: string;
  owner: number;
  type: 'photo' | 'video';
  deleted: boolean;
  /** By user. */
  reactions: Map<number, string>;
  saves: Set<number>;
  reposts: Set<number>;
}
export interface CommentFact {
  url: string;
  media: MediaFact;
  author: number;
  parent: CommentFact | null;
  /** The user mentioned in its text. */
  names: number | null;
  /** It may still stay for its replies. */
  deleted: boolean;
  reactions: Map<number, string>;
}

/** Relations from one user to another. */
export class Pairs {
  private readonly pairs = new Set<string>();

  has = (one: number, other: number) => this.pairs.has(`${one} ${other}`);
  either = (one: number, other: number) => this.has(one, other) || this.has(other, one);
  /** Adds or removes a pair. */
  set(one: number, other: number, there: boolean): void {
    if (there) this.pairs.add(`${one} ${other}`);
    else this.pairs.delete(`${one} ${other}`);
  }
  to = (other: number): number[] => all(this.pairs, ([, b]) => b === other).map(([a]) => a);
  from = (one: number): number[] => all(this.pairs, ([a]) => a === one).map(([, b]) => b);
}
const all = (pairs: Set<string>, is: (pair: [number, number]) => boolean) =>
  [...pairs].map((pair) => pair.split(' ').map(Number) as [number, number]).filter(is);

/** Acknowledged facts, from which everything else follows. */
export class Facts {
  readonly medias: MediaFact[] = [];
  readonly comments: CommentFact[] = [];
  readonly follows = new Pairs();
  readonly blocks = new Pairs();
  readonly mutes = new Pairs();

  /**
   * What was requested, whatever the outcome: reasons why others may have been refused, or may have been notified or
   * not.
   */
  readonly tried = {
    blocks: new Pairs(),
    mutes: new Pairs(),
    /** Followers who were removed or blocked: the other user may have had the last word. */
    partings: new Pairs(),
    deletions: new Map<MediaFact | CommentFact, Set<number>>(),
  };

  /** @returns whether the actor has tried before */
  tryToDelete(actor: number, thing: MediaFact | CommentFact): boolean {
    const tried = this.tried.deletions.get(thing) ?? new Set();
    const again = tried.has(actor);
    this.tried.deletions.set(thing, tried.add(actor));
    return again;
  }
  /** Deleted by the actor, who knows it, or possibly by somebody else. */
  mayBeGone = (actor: number, thing: MediaFact | CommentFact): boolean =>
    thing.deleted || [...(this.tried.deletions.get(thing) ?? [])].some((other) => other !== actor);

  /** A deleted comment stays as long as one of its replies does. */
  stands = (comment: CommentFact): boolean =>
    !comment.media.deleted && (!comment.deleted || this.replies(comment).length > 0);
  replies = (parent: CommentFact): CommentFact[] =>
    this.comments.filter((comment) => comment.parent === parent && this.stands(comment));

  /** Neither blocks the other. */
  meet = (one: number, other: number): boolean => !this.blocks.either(one, other);
  sees = (viewer: number, media: MediaFact): boolean => !media.deleted && this.meet(viewer, media.owner);
  seesComment = (viewer: number, comment: CommentFact): boolean =>
    this.sees(viewer, comment.media) && this.stands(comment) && (comment.deleted || this.meet(viewer, comment.author));
}
