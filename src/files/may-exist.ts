import { access } from "node:fs/promises";

/** Whether something is at a path, or may be for all that can be seen: only where there is certainly nothing may it be made. */
export async function mayExist(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
