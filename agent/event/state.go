package event

// SessionState is the state of a session.
type SessionState string

// States of a session.
const (
	SessionIdle        SessionState = "idle"
	SessionRunning     SessionState = "running"
	SessionWaiting     SessionState = "waiting"     // its last turn asked the user
	SessionInterrupted SessionState = "interrupted" // its server ended during a turn
)
