// How much slower all is than in a plain build on a machine that has nothing else to do: set by builds with sanitizers, and by
// whoever runs tests on a busy machine. All limits of time grow with it; nothing that is promised to users does.
export const kSlowdown = Number(process.env.TURNGATE_TEST_SLOWDOWN ?? 1);

export const slowed = (ms) => ms * kSlowdown;

// Generous: several tests share the machine. Only a failing test waits so long.
export const kPatience = slowed(30_000);

const kPoll = 10;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The condition's first truthy value; it may be asynchronous, and what it throws counts as "not yet".
export async function waitFor(condition, what = condition, patience = kPatience) {
  const deadline = Date.now() + patience;
  let complaint;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      complaint = undefined;
    } catch (error) {
      complaint = error;
    }
    if (Date.now() >= deadline) throw new Error(`never came: ${what}`, { cause: complaint });
    await pause(kPoll);
  }
}

// The promise's own outcome, or an error once patience is over.
export async function within(promise, what, patience = kPatience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`never came: ${what}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
