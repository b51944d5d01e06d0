/** Finds files of the workspace by some letters of their paths. */
import type { Method } from "./api";
import type { Chat } from "./chat";
import { completeFiles } from "./context";

/** A method of newer servers: it knows what git ignores, and ranks. */
const find = "files/find" as Method;

/** The paths for what the user types after an @, best first; from VS Code's search when the server has none. */
export async function findFiles({ server, session }: Chat, query: string): Promise<string[]> {
  if (server.state === "running" && server.has(find)) {
    try {
      const params = { query, limit: 20, ...(session.id !== undefined && { sessionId: session.id }) };
      const { files } = (await server.request(find, params)) as unknown as Found;
      return files.filter(({ kind }) => kind !== "dir").map(({ path }) => path);
    } catch {
      // the search of VS Code answers
    }
  }
  return completeFiles(server.folder, query);
}

interface Found {
  files: { path: string; kind: string }[];
}
