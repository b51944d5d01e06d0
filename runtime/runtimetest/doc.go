// Package runtimetest holds a suite of tests for every runtime.Executor (Run),
// the faults that every runtime must survive (Faults), a scripted Executor for
// the tests of other packages (Fake), and an attack by signals (SignalAll). It
// also runs tests again as another user (Again).
//
// Where commands run, the suite needs only programs that busybox has: sh, cat,
// dd, env, head, kill, printf, pwd, setsid, sleep, tr, yes, and a /dev with
// null and zero. It uses no GNU option. The workspace must be writable from
// both sides.
//
// It must not know which executor it is given.
package runtimetest
