// Draws that a seed repeats (mulberry32).
export class Draw {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  // 0 ≤ it < 1.
  share() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  // A whole number, both ends included.
  between(least, most) {
    return least + Math.floor(this.share() * (most - least + 1));
  }

  oneOf(things) {
    return things[this.between(0, things.length - 1)];
  }

  happens(probability) {
    return this.share() < probability;
  }
}
