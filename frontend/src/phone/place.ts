// Where the phone is, once, when somebody says that they arrived or left: never a track.
import type { Place } from "./store";

const PATIENCE_MS = 8_000;
const URGENT = { timeout: 2_000, maximumAge: 120_000 }; // an alarm does not wait for satellites: a place of just now will do

/** The position now, or null where the phone cannot or may not say. */
export function placeNow(isUrgent = false): Promise<Place | null> {
  return new Promise((done) => {
    if (!("geolocation" in navigator)) return done(null);
    const found = ({ coords }: GeolocationPosition): void =>
      done({ lat: coords.latitude, lon: coords.longitude, accuracy_m: coords.accuracy });
    navigator.geolocation.getCurrentPosition(found, () => done(null), {
      enableHighAccuracy: true,
      timeout: PATIENCE_MS,
      maximumAge: 0,
      ...(isUrgent ? URGENT : {}),
    });
  });
}
