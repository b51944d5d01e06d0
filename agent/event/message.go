package event

// Role is the sender of a message.
type Role string

// Roles of a message.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool"
)

// Message is one entry of a conversation, in the shape of OpenAI's chat API.
type Message struct {
	Role       Role       `json:"role"`
	Content    string     `json:"content"`
	ToolCalls  []ToolCall `json:"toolCalls,omitempty"`
	ToolCallID string     `json:"toolCallId,omitempty"` // role tool: the call that this answers
	Images     []Image    `json:"images,omitempty"`     // role user
}

// Image is a picture in a message.
type Image struct {
	MIMEType string `json:"mimeType"`
	Data     []byte `json:"data" jsonschema:"base64"`
}

// ToolCall is a call of a tool that the model asks for. Arguments is the JSON
// text as the model wrote it, which can be malformed.
type ToolCall struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// Usage counts tokens. InputTokens includes CachedTokens.
type Usage struct {
	InputTokens  int64    `json:"inputTokens"`
	OutputTokens int64    `json:"outputTokens"`
	CachedTokens int64    `json:"cachedTokens"`
	CostUSD      *float64 `json:"costUsd,omitempty" jsonschema:"absent when the provider does not say"`
}
