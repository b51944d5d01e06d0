package rpc

import (
	"context"
	"encoding/json"

	"go.uber.org/zap"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/runtime"
)

// ProtocolVersion is the protocol version that initialize reports.
const ProtocolVersion = 1

// InitializeParams are the parameters of initialize, as in the Language Server
// Protocol.
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

// ClientCapabilities say which requests the client answers.
type ClientCapabilities struct {
	Window       *WindowClient       `json:"window,omitempty"`
	Experimental *ExperimentalClient `json:"experimental,omitempty"`
}

// WindowClient are the capabilities of a client that shows messages.
type WindowClient struct {
	ShowMessage *ShowMessageClient `json:"showMessage,omitempty" jsonschema:"present if the client answers window/showMessageRequest"`
}

// ShowMessageClient holds the details of window/showMessageRequest, which the server
// does not need.
type ShowMessageClient struct{}

// ExperimentalClient holds capabilities that the Language Server Protocol does not
// define.
type ExperimentalClient struct {
	Pygent *PygentClient `json:"pygent,omitempty"`
}

// PygentClient are the capabilities of a client of this protocol.
type PygentClient struct {
	Approvals   bool `json:"approvals,omitempty" jsonschema:"the client answers agent/requestApproval"`
	AskUser     bool `json:"askUser,omitempty" jsonschema:"the client answers agent/askUser"`
	Diagnostics bool `json:"diagnostics,omitempty" jsonschema:"the client answers editor/diagnostics"`
}

// InitializationOptions override the server's settings for this connection.
type InitializationOptions struct {
	Model        string     `json:"model,omitempty" jsonschema:"name of the model, as its provider has it"`
	Runtime      string     `json:"runtime,omitempty" jsonschema:"docker or local"`
	Mode         event.Mode `json:"mode,omitempty" jsonschema:"plan, ask or auto"`
	SystemPrompt string     `json:"systemPrompt,omitempty" jsonschema:"replaces the default verbatim"`
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

// ExperimentalServer holds capabilities that the Language Server Protocol does not
// define.
type ExperimentalServer struct {
	Pygent PygentServer `json:"pygent"`
}

// PygentServer describes what this server can do, and where its commands run.
type PygentServer struct {
	ProtocolVersion int          `json:"protocolVersion"`
	Methods         []string     `json:"methods" jsonschema:"requests that this server serves, except the lifecycle's"`
	Notifications   []string     `json:"notifications" jsonschema:"notifications that the client may get"`
	Runtime         RuntimeBrief `json:"runtime"`
	Tools           []string     `json:"tools" jsonschema:"names of the tools that the model has"`
	Mode            event.Mode   `json:"mode,omitempty" jsonschema:"default mode of new sessions: plan, ask or auto"`
	NoModel         string       `json:"noModel,omitempty" jsonschema:"why no turn can start, and which setting is missing"`
	Limits          ServerLimits `json:"limits"`
}

// RuntimeBrief is the part of runtime/info that is known at initialize.
type RuntimeBrief struct {
	Kind    string `json:"kind" jsonschema:"docker or local"`
	Sandbox string `json:"sandbox" jsonschema:"container, strong, medium or none"`
	Image   string `json:"image,omitempty"`
	Reason  string `json:"reason,omitempty" jsonschema:"why a stronger one was not chosen"`
}

// ServerLimits are the limits that a client can reach.
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

// Setup is what Options.Initialize reports to the client.
type Setup struct {
	Runtime  runtime.Info
	Tools    []string
	Mode     event.Mode // default mode of new sessions
	NoModel  string     // why no turn can start; "" when one can
	MaxTasks int
}

// Root returns the file URI of the workspace that the client wants, or "".
func (p *InitializeParams) Root() string {
	if p.RootURI == "" && len(p.WorkspaceFolders) > 0 {
		return p.WorkspaceFolders[0].URI
	}
	return p.RootURI
}

// abilities say which requests the client answers.
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

// initialize serves the method initialize. It runs on the read loop, so that later
// messages are handled after it.
func (s *connection) initialize(ctx context.Context, raw json.RawMessage) (any, error) {
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
	if s.conn.Framing() != wire.FramingLines { // a script cannot answer requests
		s.peer.enable(p.abilities())
	}
	s.setPhase(phaseReady)
	if p.ClientInfo != nil {
		s.log.Info("client", zap.String("name", p.ClientInfo.Name), zap.String("version", p.ClientInfo.Version))
	}
	return s.describe(setup), nil
}

func (s *connection) describe(setup Setup) InitializeResult {
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
		case e.kind == kindCall && s.routes[e.name].Serve != nil:
			own.Methods = append(own.Methods, e.name)
		}
	}
	return InitializeResult{
		ServerInfo:   ServerInfo{Name: "pygent", Version: s.opts.Version},
		Capabilities: ServerCapabilities{Experimental: ExperimentalServer{Pygent: own}},
	}
}

// shutdown serves the method shutdown: it cancels all running requests and answers when
// they have ended. It runs on the read loop only when no other request runs; then its
// answer comes before the answers to later requests.
func (s *connection) shutdown(ctx context.Context, _ json.RawMessage) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	for _, r := range s.conn.Running() {
		if r.Method != MethodShutdown {
			r.Cancel()
			<-r.Done // bounded by Serve's deadline
		}
	}
	s.closeDomain(ctx)
	return nil, nil //nolint:nilnil // the answer is null
}
