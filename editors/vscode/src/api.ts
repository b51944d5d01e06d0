/**
 * The methods that this extension calls, by name, with the types of their
 * parameters and results. Which of them a server serves it says itself, in the
 * answer to initialize: see Server.has.
 */
import type { Requests } from "./protocol";

export type Method = keyof Requests;
export type Params<M extends Method> = Requests[M]["params"];
export type Result<M extends Method> = Requests[M]["result"];

/** The version of the protocol that this extension speaks. */
export const protocolVersion = 1;

/** Methods without which there is nothing to show. */
export const neededMethods: Method[] = ["agent/step", "agent/interrupt", "tasks/start", "tasks/list"];
