package event

// Record is an event as the journal keeps it. Fields other than Event restore a
// session and never go to a client.
type Record struct {
	Event

	// Reply is the whole message of a reply that calls tools, with its calls.
	// Journals of old servers lack it.
	Reply *Message `json:"reply,omitempty"`

	// Heard are lines for the model after the text of a user's message: what has
	// happened since its last turn.
	Heard []string `json:"heard,omitempty"`

	// Images belong to the text of a message, a steered prompt or a result.
	Images []Image `json:"images,omitempty"`

	// NoImages is set in the notice that the model takes no images: they are left
	// out of the conversation, those of before too.
	NoImages bool `json:"noImages,omitempty"`
}
