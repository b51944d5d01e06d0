package event

// Record is an event as the journal keeps it. Fields other than Event restore a
// session and never go to a client.
type Record struct {
	Event

	// Reply is the whole message of a reply that calls tools, with its calls.
	// Journals of old servers lack it.
	Reply *Message `json:"reply,omitempty"`
}
