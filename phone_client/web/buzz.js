// A vibration pattern turned into a buzz, a tone and a shaking card: whatever of these the phone and the shopper allow.
//
// A phone that cannot vibrate (iPhones, in a browser) still shakes its card. Sound needs a touch first, so the tone is prepared
// when the shopper presses a button.

import { wantsStillness } from "/static/page.js";

const TONE_HZ = 740;

/** The buzzer; `wants` is {buzz, sound}, read at each buzz. */
export function createBuzzer(wants) {
  let audio = null;

  function sound(pattern) {
    if (!audio) return;
    let at = audio.currentTime;
    pattern.forEach((ms, i) => {
      if (i % 2 === 0) {
        const tone = audio.createOscillator();
        const volume = audio.createGain();
        tone.frequency.value = TONE_HZ;
        volume.gain.setValueAtTime(0.15, at);
        volume.gain.exponentialRampToValueAtTime(0.001, at + ms / 1000);
        tone.connect(volume).connect(audio.destination);
        tone.start(at);
        tone.stop(at + ms / 1000);
      }
      at += ms / 1000;
    });
  }

  return {
    /** Call while a button is being pressed: browsers let a page sound only after that. */
    prepare() {
      const Context = window.AudioContext ?? window.webkitAudioContext;
      if (wants.sound && !audio && Context) audio = new Context();
      audio?.resume();
    },
    /** Buzzes with `pattern` (ms on, off, on, …) and shakes `element`. */
    buzz(pattern, element) {
      if (wants.buzz) navigator.vibrate?.(pattern);
      if (wants.sound) sound(pattern);
      if (!element?.animate || wantsStillness()) return;
      const ways = [0, -7, 7, -7, 7, -5, 5, -2, 0];
      element.animate(ways.map((px) => ({ transform: `translateX(${px}px)` })), { duration: 420, iterations: 2 });
    },
    canVibrate: () => typeof navigator.vibrate === "function",
  };
}
