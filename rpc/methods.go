package rpc

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tools/strictjson"
)

// Names of methods, for clients in Go. No other Go file contains a method name.
const (
	MethodStep            = "agent/step"
	MethodInterrupt       = "agent/interrupt"
	MethodPendingRequests = "agent/pendingRequests"
	MethodRespond         = "agent/respond"

	MethodTaskStart  = "tasks/start"
	MethodTaskStatus = "tasks/status"
	MethodCollect    = "files/collect"

	MethodSessionNew       = "session/new"
	MethodSessionList      = "session/list"
	MethodSessionResume    = "session/resume"
	MethodSessionEvents    = "session/events"
	MethodSessionConfigure = "session/configure"
	MethodSessionClose     = "session/close"
	MethodSessionExport    = "session/export"

	MethodExec       = "runtime/exec"
	MethodTaskList   = "tasks/list"
	MethodTaskCancel = "tasks/cancel"
	MethodDiff       = "files/diff"
	MethodRevert     = "files/revert"

	MethodInitialize  = "initialize"
	MethodInitialized = "initialized"
	MethodShutdown    = "shutdown"
	MethodExit        = "exit"
	methodCancel      = "$/cancelRequest"
	methodSetTrace    = "$/setTrace"

	MethodEvent           = "agent/event"
	MethodTaskChanged     = "tasks/changed"
	MethodRequestApproval = "agent/requestApproval"
	MethodAskUser         = "agent/askUser"
	methodDiagnostics     = "editor/diagnostics"
	methodShowMessage     = "window/showMessageRequest"
)

// methods returns the method table, which defines the whole protocol. Dispatch, the
// reference, the schema and the clients' types come from it. The reference has the
// same order.
func methods() []entry {
	return []entry{
		lifecycle[InitializeParams, InitializeResult](MethodInitialize, kindCall, "Opens the connection. Not needed in script mode."),
		lifecycle[None, None](MethodInitialized, kindNotice, "Says that the client has received the answer to initialize."),
		lifecycle[None, None](MethodShutdown, kindCall, "Cancels everything that runs and answers null when it has ended. Only exit may follow."),
		lifecycle[None, None](MethodExit, kindNotice, "Ends the server: exit code 0 after shutdown, else 1."),
		lifecycle[CancelParams, None](methodCancel, kindNotice, "Cancels a request; either side may send it. The request is still answered."),
		lifecycle[SetTraceParams, None](methodSetTrace, kindNotice, "Has no effect; accepted because language clients send it."),

		call(MethodStep, schedule{}, "Adds a message to a session and runs model and tools until the model stops.", (*session.Manager).Step),
		call(MethodPendingRequests, schedule{ReadOnly: true}, "Lists the approvals and questions that wait for the user, also those that were pending when the last server of a resumed session ended.", (*tasks.Manager).PendingRequests),
		call(MethodRespond, schedule{}, "Answers a pending approval or question when the request itself cannot be answered. The first answer counts.", (*tasks.Manager).Respond),
		call(MethodInterrupt, schedule{}, "Cancels a session's running turn. Queued turns go on, and so do tasks unless cascade is set.", (*tasks.Manager).Interrupt),

		call(MethodSessionNew, schedule{}, "Creates a session. Nothing runs in it before its first command.", (*session.Manager).NewSession),
		call(MethodSessionList, schedule{ReadOnly: true}, "Lists the stored sessions that have a message or a task, the most recently used first.", (*session.Manager).ListSessions),
		call(MethodSessionResume, schedule{}, "Opens a stored session. The history is not sent: session/events has it. Its tasks are listed again, and its unanswered approvals and questions are pending again.", (*tasks.Manager).ResumeSession),
		call(MethodSessionEvents, schedule{ReadOnly: true}, "Reads a session's past events, page by page. The session need not be open.", (*session.Manager).SessionEvents),
		call(MethodSessionConfigure, schedule{Barrier: true}, "Changes a session's settings from the next model round on. Requests sent after it see the change.", (*session.Manager).ConfigureSession),
		call("session/rewind", schedule{}, "Restores conversation and files to their state before a turn. Rewinding to the answer's turnId undoes that.", (*session.Manager).RewindSession),
		call(MethodSessionClose, schedule{}, "Ends everything that runs in a session and closes it. It can be resumed.", (*tasks.Manager).CloseSession),
		call("session/delete", schedule{}, "Closes a session and deletes its stored data.", (*tasks.Manager).DeleteSession),
		call(MethodSessionExport, schedule{ReadOnly: true}, "Returns a session as one text.", (*session.Manager).ExportSession),

		call("runtime/info", schedule{}, "Describes the runtime of a session's commands.", (*session.Manager).RuntimeInfo),
		call(MethodExec, schedule{}, "Runs a command of the user in a session's runtime, without an approval. A cancel kills it.", (*session.Manager).Exec),

		call(MethodTaskStart, schedule{}, "Starts a delegated agent in its own workspace and answers at once.", (*tasks.Manager).Start),
		call(MethodTaskStatus, schedule{ReadOnly: true}, "Returns a task's state, also while it runs.", (*tasks.Manager).Status),
		call(MethodTaskList, schedule{ReadOnly: true}, "Lists tasks, oldest first. A tasks/changed that arrives meanwhile may be newer or older than the answer: compare revision.", (*tasks.Manager).List),
		call("tasks/wait", schedule{}, "Waits until tasks have ended or ask something.", (*tasks.Manager).Wait),
		call("tasks/output", schedule{ReadOnly: true}, "Reads the past events of a task's agent, page by page, also while it runs.", (*tasks.Manager).Output),
		call("tasks/send", schedule{}, "Starts another turn of a task that has ended or waits for an answer.", (*tasks.Manager).Send),
		call(MethodTaskCancel, schedule{}, "Cancels a task and answers when its agent and its processes have ended.", (*tasks.Manager).Cancel),
		call("tasks/remove", schedule{}, "Removes an ended task from the list and deletes its workspace and its session.", (*tasks.Manager).Remove),
		call(MethodCollect, schedule{}, "Copies a file or directory from a task's workspace into the session's.", (*tasks.Manager).Collect),
		call(MethodDiff, schedule{ReadOnly: true}, "Returns the changes of a turn or a task as a patch, including changes by commands.", (*tasks.Manager).DiffFiles),
		call(MethodRevert, schedule{}, "Restores files to their state before a turn. A file that was changed since, or that a command of another session's turn in the same workspace may have changed, is a conflict and is left as it is. Refused with busy while any turn runs in the workspace. Reverting the answer's turnId undoes it all.", (*session.Manager).RevertFiles),
		call("files/read", schedule{ReadOnly: true}, "Reads a file of a session's or a task's workspace.", (*tasks.Manager).ReadFile),
		call("files/list", schedule{ReadOnly: true}, "Lists a directory of a session's or a task's workspace.", (*tasks.Manager).ListFiles),

		notification[event.Event](MethodEvent, "Something happened in a session. Adjacent deltas may be merged; nothing else is ever dropped."),
		notification[tasks.Changed](MethodTaskChanged, "A task's state changed, or its model has replied, which changes steps and usage."),

		ask[event.Approval, event.Decision](MethodRequestApproval, "Asks the user to approve an action; only with the capability approvals. Without it, the server uses window/showMessageRequest; without both, the answer is deny."),
		ask[event.Question, event.Answer](MethodAskUser, "Asks the user; only with the capability askUser."),
		ask[event.DiagnosticsParams, event.DiagnosticsResult](methodDiagnostics, "Asks for the editor's diagnostics of files that the model has just written; only with the capability diagnostics. The model gets the errors. The server waits 3 s for the answer; after three late answers in a row it stops asking."),
		ask[MessageRequest, *MessageAction](methodShowMessage, "Shows the user a message with actions to choose from, as language clients do; only with the capability window.showMessage."),
	}
}

// entryKind is the kind of message that a method is.
type entryKind string

const (
	kindCall   entryKind = "request"            // client to server
	kindNotice entryKind = "notification"       // client to server
	kindEvent  entryKind = "serverNotification" // server to client
	kindAsk    entryKind = "serverRequest"      // server to client
)

// schedule says how the requests of a method run beside other requests.
type schedule = wire.Schedule

// entry is one method.
type entry struct {
	name, doc      string
	kind           entryKind
	lifecycle      bool         // handled by this package
	schedule       schedule     // of a request to the server
	params, result reflect.Type // structs; None for none; a pointer for a result that may be null

	// bind makes the handler for a service. It returns false when the service has
	// another type. Nil unless the client calls the method.
	bind func(service any) (wire.Handler, bool)
}

// answered reports whether the method is a request and so has an answer.
func (e *entry) answered() bool { return e.kind == kindCall || e.kind == kindAsk }

// None stands for absent params and for a null result.
type None struct{}

// call makes the entry of a request. The method fn of the service S serves it.
func call[S, P, R any](name string, plan schedule, doc string, fn func(S, context.Context, P) (R, error)) entry {
	params := strictjson.ShapeOf(reflect.TypeFor[P]())
	bind := func(service any) (wire.Handler, bool) {
		s, ok := service.(S)
		if !ok {
			return nil, false
		}
		return func(ctx context.Context, raw json.RawMessage) (any, error) {
			var p P
			if err := decodeParams(raw, params, &p); err != nil {
				return nil, err
			}
			return fn(s, ctx, p)
		}, true
	}
	return entry{name: name, doc: doc, kind: kindCall, schedule: plan, params: reflect.TypeFor[P](), result: reflect.TypeFor[R](), bind: bind}
}

// notification makes the entry of a notification to the client.
func notification[P any](name, doc string) entry {
	return entry{name: name, doc: doc, kind: kindEvent, params: reflect.TypeFor[P](), result: reflect.TypeFor[None]()}
}

// ask makes the entry of a request to the client.
func ask[P, R any](name, doc string) entry {
	return entry{name: name, doc: doc, kind: kindAsk, params: reflect.TypeFor[P](), result: reflect.TypeFor[R]()}
}

func lifecycle[P, R any](name string, kind entryKind, doc string) entry {
	return entry{name: name, doc: doc, kind: kind, lifecycle: true, params: reflect.TypeFor[P](), result: reflect.TypeFor[R]()}
}
