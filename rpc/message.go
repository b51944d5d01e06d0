package rpc

import (
	"context"
	"encoding/json"
	"slices"
)

// MessageType is the severity of a message, with the numbers of the Language Server
// Protocol.
type MessageType int

// Types of a message.
const (
	MessageError   MessageType = 1
	MessageWarning MessageType = 2
	MessageInfo    MessageType = 3
	MessageLog     MessageType = 4
)

// MessageRequest are the parameters of window/showMessageRequest.
type MessageRequest struct {
	Type    MessageType     `json:"type" jsonschema:"1 error, 2 warning, 3 info, 4 log"`
	Message string          `json:"message"`
	Actions []MessageAction `json:"actions,omitempty"`
}

// MessageAction is one of the user's choices.
type MessageAction struct {
	Title string `json:"title"`
}

// ShowMessage shows the user a message and returns the title of the chosen action. ok
// is false when the client cannot show it, the user chose none, the answer is not one
// of the actions, or the client is gone. The only error is context.Cause(ctx); then
// the message is cancelled.
func (p *Peer) ShowMessage(ctx context.Context, m MessageRequest) (title string, ok bool, err error) {
	if !p.capabilities().showMessage {
		return "", false, nil
	}
	var raw json.RawMessage
	if err := p.ask(ctx, methodShowMessage, m, &raw); err != nil {
		return "", false, context.Cause(ctx)
	}
	var chosen *MessageAction
	if json.Unmarshal(raw, &chosen) != nil || chosen == nil || !slices.Contains(m.Actions, *chosen) {
		return "", false, nil
	}
	return chosen.Title, true, nil
}
