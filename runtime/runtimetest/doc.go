// Package runtimetest holds what every runtime.Executor must do, as a suite of
// tests (Run), what every place to run commands must survive (Faults), a scripted
// Executor for the tests of other packages (Fake), and an attack by signals
// (SignalAll). It also runs tests again as another user (Again).
//
// The suite needs from the place where commands run only what busybox has: sh,
// cat, dd, env, head, kill, printf, pwd, setsid, sleep, tr, yes, and a /dev with
// null and zero. It uses no GNU option. The workspace must be writable from both
// sides.
//
// It must not know which executor it is given.
package runtimetest
