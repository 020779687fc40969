// A websocket that keeps trying turned into messages and one connection state, in words a page can show.
//
// Both pages use it. A feed that has been silent for too long is treated as lost, because a laptop that changes networks
// keeps a dead socket open for minutes. Waits grow from half a second to eight, so a restarted engine is found quickly
// and a dead one is not hammered.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/**
 * Opens a feed.
 *
 * `onMessage` gets each parsed message; `onState` gets `{state, attempt, retryAt}` with state "connecting", "live", "lost"
 * or "closed", and retryAt in `performance.now()` ms; `onOpen` may send the first message. `silenceMs` is how long the other
 * side may say nothing (0: for ever).
 */
export function openFeed(path, { onMessage, onState, onOpen = () => {}, silenceMs = 0 }) {
  let socket = null;
  let attempt = 0;
  let retryTimer = 0;
  let silenceTimer = 0;

  function listen() {
    clearTimeout(silenceTimer);
    if (silenceMs) silenceTimer = setTimeout(lose, silenceMs);
  }

  function drop() {
    clearTimeout(retryTimer);
    clearTimeout(silenceTimer);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  }

  function connect() {
    drop();
    onState({ state: attempt ? "lost" : "connecting", attempt, retryAt: 0 });
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`);
    socket.onopen = () => {
      listen();
      onOpen();
    };
    socket.onmessage = (event) => {
      listen();
      if (attempt || !live) {
        attempt = 0;
        live = true;
        onState({ state: "live", attempt, retryAt: 0 });
      }
      onMessage(JSON.parse(event.data));
    };
    socket.onclose = lose;
    listen();
  }

  function lose() {
    drop();
    live = false;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
    attempt += 1;
    onState({ state: "lost", attempt, retryAt: performance.now() + wait });
    retryTimer = setTimeout(connect, wait);
  }

  let live = false;
  connect();
  return {
    /** Sends one message; false when there is no connection to carry it. */
    send(message) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    /** Tries again at once, without waiting for the next attempt. */
    retry() {
      connect();
    },
    /** Closes on purpose and stays closed until `reopen`. */
    close() {
      drop();
      live = false;
      onState({ state: "closed", attempt: 0, retryAt: 0 });
    },
    /** Opens again after `close`. */
    reopen() {
      attempt = 0;
      connect();
    },
  };
}
