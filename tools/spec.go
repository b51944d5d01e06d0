package tools

import "encoding/json"

// Spec is a tool in its form for a model: OpenAI's function tool.
type Spec struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"` // JSON Schema of an object
}
