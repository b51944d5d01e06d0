package event

// Status says how a turn ended, or what became of a step.
type Status string

// Statuses of a turn.
const (
	StatusCompleted Status = "completed"
	StatusWaiting   Status = "waiting"
	StatusStepLimit Status = "stepLimit"
	StatusTimeout   Status = "timeout"
	StatusBudget    Status = "budget"
	StatusCancelled Status = "cancelled"
	StatusFailed    Status = "failed"
	StatusAccepted  Status = "accepted" // the step does not wait for the end, which comes as an event
	StatusQueued    Status = "queued"   // the same, after another turn
	StatusSteered   Status = "steered"  // added to the running turn, which has the turnId
)
