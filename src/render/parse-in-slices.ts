import { type LocatedObject, parseLocatedManifests } from '../manifest/parse-manifests.ts';
import { createPause } from './pause.ts';

/** Text that is parsed in one go: a few milliseconds of work. */
const SLICE_LENGTH = 64 * 1024;

const SEPARATOR = '\n---';

/**
 * As `parseLocatedManifests`, letting others run between slices of whole documents. What is wrong with a text is told
 * by reading it as a whole, so that lines and documents are counted from its start.
 */
export async function parseInSlices(text: string, options: { file: string }): Promise<LocatedObject[]> {
  if (text.length <= SLICE_LENGTH) return parseLocatedManifests(text, options);
  const pause = createPause();
  const objects: LocatedObject[] = [];
  let documentsBefore = 0;
  try {
    for (const slice of toSlices(text)) {
      for (const located of parseLocatedManifests(slice, options)) {
        objects.push({ ...located, document: located.document + documentsBefore });
      }
      documentsBefore += slice.split(SEPARATOR).length - 1;
      await pause();
    }
    return objects;
  } catch {
    return parseLocatedManifests(text, options);
  }
}

/** Every slice but the first starts with a separator; an empty document before it is none. */
function* toSlices(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf(SEPARATOR, start + SLICE_LENGTH);
    yield end < 0 ? text.slice(start) : text.slice(start, end + 1);
    if (end < 0) return;
    start = end;
  }
}
