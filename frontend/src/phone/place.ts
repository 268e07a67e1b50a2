// Where the phone is, once, when somebody says that they arrived or left: never a track.
import type { Place } from "./store";

const PATIENCE_MS = 8_000;

/** The position now, or null where the phone cannot or may not say. */
export function placeNow(): Promise<Place | null> {
  return new Promise((done) => {
    if (!("geolocation" in navigator)) return done(null);
    const found = ({ coords }: GeolocationPosition): void =>
      done({ lat: coords.latitude, lon: coords.longitude, accuracy_m: coords.accuracy });
    navigator.geolocation.getCurrentPosition(found, () => done(null), {
      enableHighAccuracy: true,
      timeout: PATIENCE_MS,
      maximumAge: 0,
    });
  });
}
