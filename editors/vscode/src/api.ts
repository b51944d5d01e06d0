/**
 * The methods that this extension calls, by name, with the types of their
 * parameters and results. The answer to initialize lists the methods that a
 * server serves: see Server.has.
 */
import type { Requests } from "./protocol";

export type Method = keyof Requests;
export type Params<M extends Method> = Requests[M]["params"];
export type Result<M extends Method> = Requests[M]["result"];

/** The version of the protocol that this extension speaks. */
export const protocolVersion = 1;

/** Methods that the extension needs. */
export const neededMethods: Method[] = ["agent/step", "agent/interrupt", "tasks/start", "tasks/list"];
