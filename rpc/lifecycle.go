package rpc

import (
	"context"
	"encoding/json"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
)

// ProtocolVersion is what initialize reports.
const ProtocolVersion = 1

// InitializeParams are the parameters of initialize, as language servers have
// them.
type InitializeParams struct {
	ProcessID             *int                   `json:"processId,omitempty" jsonschema:"the client's; the server exits when it dies"`
	ClientInfo            *ClientInfo            `json:"clientInfo,omitempty"`
	RootURI               string                 `json:"rootUri,omitempty" jsonschema:"file URI of the workspace"`
	WorkspaceFolders      []WorkspaceFolder      `json:"workspaceFolders,omitempty" jsonschema:"the first is the workspace when there is no rootUri"`
	Capabilities          ClientCapabilities     `json:"capabilities,omitzero"`
	InitializationOptions *InitializationOptions `json:"initializationOptions,omitempty"`
	Trace                 string                 `json:"trace,omitempty" jsonschema:"without effect"`
}

// ClientInfo names the client, for the log.
type ClientInfo struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// WorkspaceFolder is a folder that the client has open.
type WorkspaceFolder struct {
	URI  string `json:"uri"`
	Name string `json:"name,omitempty"`
}

// ClientCapabilities say what the client can be asked.
type ClientCapabilities struct {
	Window       *WindowClient       `json:"window,omitempty"`
	Experimental *ExperimentalClient `json:"experimental,omitempty"`
}

// WindowClient are the capabilities of a client that shows messages, as language
// clients do.
type WindowClient struct {
	ShowMessage *ShowMessageClient `json:"showMessage,omitempty" jsonschema:"there: the client takes window/showMessageRequest"`
}

// ShowMessageClient says more of window/showMessageRequest; nothing of it is
// needed here.
type ShowMessageClient struct{}

// ExperimentalClient is where language clients put capabilities that are not in
// their standard.
type ExperimentalClient struct {
	Pygent *PygentClient `json:"pygent,omitempty"`
}

// PygentClient are the capabilities of a client of this protocol.
type PygentClient struct {
	Approvals   bool `json:"approvals,omitempty" jsonschema:"it takes agent/requestApproval"`
	AskUser     bool `json:"askUser,omitempty" jsonschema:"it takes agent/askUser"`
	Diagnostics bool `json:"diagnostics,omitempty" jsonschema:"it takes editor/diagnostics"`
}

// InitializationOptions override the server's settings for this connection.
type InitializationOptions struct {
	Model        string `json:"model,omitempty" jsonschema:"name of the model, as its provider has it"`
	Runtime      string `json:"runtime,omitempty" jsonschema:"docker or local"`
	Mode         string `json:"mode,omitempty" jsonschema:"plan, ask or auto"`
	SystemPrompt string `json:"systemPrompt,omitempty" jsonschema:"replaces the default verbatim"`
}

// InitializeResult answers initialize.
type InitializeResult struct {
	ServerInfo   ServerInfo         `json:"serverInfo"`
	Capabilities ServerCapabilities `json:"capabilities"`
}

// ServerInfo names the server.
type ServerInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// ServerCapabilities say what the server can do.
type ServerCapabilities struct {
	Experimental ExperimentalServer `json:"experimental"`
}

// ExperimentalServer is the place of capabilities outside the standard.
type ExperimentalServer struct {
	Pygent PygentServer `json:"pygent"`
}

// PygentServer is what this server can do, and what its commands run in.
type PygentServer struct {
	ProtocolVersion int          `json:"protocolVersion"`
	Methods         []string     `json:"methods" jsonschema:"requests that this server serves, those of the lifecycle apart"`
	Notifications   []string     `json:"notifications" jsonschema:"notifications that the client may get"`
	Runtime         RuntimeBrief `json:"runtime"`
	Tools           []string     `json:"tools" jsonschema:"names of the tools that the model has"`
	Mode            string       `json:"mode,omitempty" jsonschema:"of a session that is made without one: plan, ask or auto"`
	NoModel         string       `json:"noModel,omitempty" jsonschema:"why no turn can begin before a setting is made, and which"`
	Limits          ServerLimits `json:"limits"`
}

// RuntimeBrief is the part of runtime/info that is known at the start.
type RuntimeBrief struct {
	Kind    string `json:"kind" jsonschema:"docker or local"`
	Sandbox string `json:"sandbox" jsonschema:"container, strong, medium or none"`
	Image   string `json:"image,omitempty"`
	Reason  string `json:"reason,omitempty" jsonschema:"why a stronger one was not chosen"`
}

// ServerLimits are the limits that a client can run into.
type ServerLimits struct {
	MaxMessageBytes int64 `json:"maxMessageBytes" jsonschema:"of one message to the server"`
	MaxTasks        int   `json:"maxTasks" jsonschema:"tasks that run at a time"`
}

// CancelParams are the parameters of $/cancelRequest.
type CancelParams struct {
	ID json.RawMessage `json:"id" jsonschema:"of the request, string or integer"`
}

// SetTraceParams are the parameters of $/setTrace.
type SetTraceParams struct {
	Value string `json:"value"`
}

// Setup is what Options.Initialize tells of the connection that it has set up.
type Setup struct {
	Runtime  runtime.Info
	Tools    []string
	Mode     string // of a session that is made without one
	NoModel  string // why no turn can begin; "" when one can
	MaxTasks int
}

// Root is the file URI of the workspace that the client asks for, "" when it
// does not.
func (p *InitializeParams) Root() string {
	if p.RootURI == "" && len(p.WorkspaceFolders) > 0 {
		return p.WorkspaceFolders[0].URI
	}
	return p.RootURI
}

// abilities are what the client can be asked.
type abilities struct {
	PygentClient
	showMessage bool
}

func (p *InitializeParams) abilities() abilities {
	var can abilities
	if e := p.Capabilities.Experimental; e != nil && e.Pygent != nil {
		can.PygentClient = *e.Pygent
	}
	can.showMessage = p.Capabilities.Window != nil && p.Capabilities.Window.ShowMessage != nil
	return can
}

// initialize serves the method of this name, on the read loop: what is sent
// behind it is handled after it.
func (s *session) initialize(ctx context.Context, raw json.RawMessage) (any, error) {
	var p InitializeParams
	if err := decodeParams(raw, s.initShape, &p); err != nil {
		return nil, err
	}
	var setup Setup
	if s.opts.Initialize != nil {
		var err error
		if setup, err = s.opts.Initialize(ctx, p); err != nil {
			return nil, err
		}
	}
	if p.ProcessID != nil {
		s.watch(*p.ProcessID)
	}
	if mode(s.stream.mode.Load()) != modeLines { // nobody answers there
		s.peer.enable(p.abilities())
	}
	s.setPhase(phaseReady)
	if p.ClientInfo != nil {
		s.log.Info("client", zap.String("name", p.ClientInfo.Name), zap.String("version", p.ClientInfo.Version))
	}
	return s.describe(setup), nil
}

func (s *session) describe(setup Setup) InitializeResult {
	own := PygentServer{
		ProtocolVersion: ProtocolVersion,
		Methods:         []string{},
		Notifications:   []string{},
		Runtime: RuntimeBrief{
			Kind:    setup.Runtime.Kind,
			Sandbox: setup.Runtime.Sandbox,
			Image:   setup.Runtime.Image,
			Reason:  setup.Runtime.Reason,
		},
		Tools:   append([]string{}, setup.Tools...),
		Mode:    setup.Mode,
		NoModel: setup.NoModel,
		Limits:  ServerLimits{MaxMessageBytes: s.opts.maxBytes(), MaxTasks: setup.MaxTasks},
	}
	for _, e := range s.opts.methods() {
		switch {
		case e.kind == kindEvent:
			own.Notifications = append(own.Notifications, e.name)
		case e.kind == kindCall && s.routes[e.name].serve != nil:
			own.Methods = append(own.Methods, e.name)
		}
	}
	return InitializeResult{
		ServerInfo:   ServerInfo{Name: "pygent", Version: s.opts.Version},
		Capabilities: ServerCapabilities{Experimental: ExperimentalServer{Pygent: own}},
	}
}

// shutdown serves the method of this name: it cancels what runs and answers
// when that has ended. It runs on the read loop only when nothing else runs, so
// that its answer, too, comes before those to what follows.
func (s *session) shutdown(ctx context.Context, _ json.RawMessage) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	for _, r := range s.dispatcher.snapshot() {
		if r.method != MethodShutdown {
			r.cancel()
			<-r.done // Serve's own deadline bounds it
		}
	}
	s.closeDomain(ctx)
	return nil, nil //nolint:nilnil // the answer is null
}
