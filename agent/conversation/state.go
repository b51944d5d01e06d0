package conversation

import (
	"slices"
	"sync"

	"github.com/pygent/pygent/agent/event"
)

// Settings are the parts of a session that a client can change.
type Settings struct {
	Model    string // "" is the Model's own default
	Mode     event.Mode
	Disabled []string // names of tools
}

// with returns the settings after a configured event.
func (s Settings) with(e *event.Event) Settings {
	if e.Model != "" {
		s.Model = e.Model
	}
	if e.Mode != "" {
		s.Mode = e.Mode
	}
	if e.DisabledTools != nil {
		s.Disabled = *e.DisabledTools
	}
	return s
}

// State is what a session knows. It is safe for concurrent use.
//
// A turn is open from its turnStarted to its turnFinished. When its server is
// killed, it stays open until another turn starts, which ends it, or until the
// user answers its approval, which continues it.
type State struct {
	mu sync.Mutex
	data
}

// data is guarded by State.mu.
type data struct {
	history  history
	settings Settings
	rules    []event.Rule // what the user allows for the session
	turn     turn
	calls    []call       // calls of the last reply without a result, in order
	asked    *event.Event // the approvalRequested without an approvalResolved
	unheard  []string     // steered prompts that the model has not got
	reverts  []string     // ids of reverts inside the open turn
	reply    int          // index of the message that the calls belong to
	lost     bool         // a record was lost since the last message
}

// New makes the state of a session that has no events yet.
func New(systemPrompt string, settings Settings, rules []event.Rule) *State {
	return &State{data: data{history: newHistory(systemPrompt), settings: settings, rules: slices.Clone(rules)}}
}

// fresh returns the state that s had before any event.
func (s *State) fresh() *State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return New(s.history.messages[0].Content, s.settings, s.rules)
}

// replace sets s to other, which must not be used afterwards.
func (s *State) replace(other *State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = other.data
}

// Apply changes the state by one record of the session's journal. It also accepts
// a record when earlier ones are missing because their lines are damaged: every
// call still gets its result.
func (s *State) Apply(r event.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &r.Event
	s.turn.see(e, s.settings)
	switch e.Kind {
	case event.KindTurnStarted:
		s.startTurn(e)
	case event.KindMessage:
		s.message(&r)
	case event.KindToolStarted:
		s.startCall(event.ToolCall{ID: e.CallID, Name: e.Tool, Arguments: e.Arguments})
	case event.KindToolFinished:
		s.finishCall(e)
	case event.KindTurnFinished:
		s.finishTurn(e)
	case event.KindApprovalRequested:
		asked := *e // r must not escape: Apply is called for every event
		s.asked = &asked
	case event.KindApprovalResolved:
		s.asked = nil
		if e.Rule != "" {
			s.rules = addRule(s.rules, event.Rule{Tool: e.Tool, Text: e.Rule})
		}
	case event.KindSteered:
		s.unheard = append(s.unheard, e.Text)
	case event.KindRewound:
		s.cutOff()
		s.unheard, s.reply = nil, 0 // they came after the place that is rewound to
		s.history.rewind(e.ToTurnID, e.TurnID)
	case event.KindReverted:
		s.reverts = append(s.reverts, e.TurnID)
		if !s.open() {
			s.markReverts()
		}
	case event.KindConfigured:
		s.settings = s.settings.with(e)
	}
}

// Lost notes that a record of the journal is unreadable.
func (s *State) Lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = true
}

// Messages returns a copy of the conversation, the system message first. The
// caller must not change the ToolCalls of its messages.
func (s *State) Messages() []event.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.history.messages)
}

// Ended returns the messages as they will be when the open turn, whose server has
// ended, is ended.
func (s *State) Ended() []event.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := State{data: s.data}
	ended.history.messages = slices.Clone(s.history.messages)
	if !s.pending() { // else its call can still run
		ended.cutOff()
	}
	return ended.history.messages
}

// Settings returns the settings in force.
func (s *State) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// Rules returns what the user allows for the session.
func (s *State) Rules() []event.Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rules)
}

// Unheard returns the steered prompts that the model has not got, in order.
func (s *State) Unheard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unheard)
}

// maxRules bounds the rules of a session; the oldest is dropped first.
const maxRules = 200

// addRule appends a rule that is not there yet.
func addRule(rules []event.Rule, r event.Rule) []event.Rule {
	if slices.Contains(rules, r) {
		return rules
	}
	if len(rules) >= maxRules {
		rules = slices.Delete(slices.Clone(rules), 0, 1)
	}
	return append(slices.Clip(rules), r)
}
