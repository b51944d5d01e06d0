// Package session serves the protocol's methods about sessions: it makes, lists,
// resumes, configures, rewinds, exports and closes them, and queues, steers and
// interrupts their turns. A session is an agent that runs one turn at a time, and a
// journal that outlives it. The agents of delegated tasks have sessions too.
//
// The package must not know tasks or the wire.
package session
