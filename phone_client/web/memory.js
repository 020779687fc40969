// What the phone page keeps in this browser: who it is in the store, its open offers, its cart, where its dot stands; and
// forgetting all of it.
//
// One JSON value. A browser that forbids storage gets a phone that lasts until the page is closed.

const FRESH = { shopper: null, token: null, lastOffer: null, offers: [], cart: [], rev: 0, place: null, buzz: true, sound: false };

/** Opens the memory of one phone; `name` keeps several phones in one browser apart. */
export function openMemory(name) {
  const key = name ? `aislewise.phone.${name}` : "aislewise.phone";

  function read() {
    try {
      return { ...structuredClone(FRESH), ...JSON.parse(localStorage.getItem(key) ?? "{}") };
    } catch {
      return structuredClone(FRESH);
    }
  }

  const memory = {
    ...read(),
    save() {
      try {
        localStorage.setItem(key, JSON.stringify(memory));
      } catch {
        // nothing is kept, which is what this browser wants
      }
    },
    forget() {
      Object.assign(memory, structuredClone(FRESH));
      try {
        localStorage.removeItem(key);
      } catch {
        // there was nothing to remove
      }
    },
  };
  return memory;
}
