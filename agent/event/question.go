package event

// Question is a question for the user.
type Question struct {
	RequestKey string   `json:"requestKey"`
	SessionID  string   `json:"sessionId"`
	Question   string   `json:"question"`
	Options    []string `json:"options,omitempty"`
}

// Answer answers a Question.
type Answer struct {
	Answer    string `json:"answer,omitempty"`
	Cancelled bool   `json:"cancelled,omitempty" jsonschema:"true: the user gave none"`
}

// TurnQuestion is the question of a turn with status waiting; the next step
// answers it.
type TurnQuestion struct {
	Text    string   `json:"text"`
	Options []string `json:"options,omitempty"`
}
