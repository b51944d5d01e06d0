;;; The conversation of interop_test.go, with Emacs' jsonrpc.el.  -*- lexical-binding: t -*-
(require 'jsonrpc)

(defvar report nil)
(defvar events nil "Newest first.")
(defvar on-event #'ignore)

(defvar connection
  (make-instance
   'jsonrpc-process-connection
   :name "pygent"
   :process (lambda ()
              (make-process :name "pygent" :command '("pygent" "serve")
                            :connection-type 'pipe :noquery t
                            :coding 'utf-8-emacs-unix
                            :stderr (get-buffer-create "*log*")))
   :notification-dispatcher
   (lambda (_ method params)
     (when (eq method 'agent/event) (funcall on-event params)))
   :request-dispatcher
   (lambda (_ _method params)
     (push (cons 'question (plist-get params :question)) report)
     '(:answer "blue"))))

(defun call (method params)
  "The result of METHOD with PARAMS, however long it takes."
  (jsonrpc-request connection method params :timeout nil))

(defun saw (name value)
  (push (cons name value) report))

(let ((result (call 'initialize
                    (list :processId (emacs-pid)
                          :capabilities '(:experimental (:pygent (:askUser t)))))))
  (saw 'server (plist-get (plist-get result :serverInfo) :name)))
(jsonrpc-notify connection 'initialized (make-hash-table))

(setq on-event (lambda (event) (push event events)))
(saw 'status (plist-get (call 'agent/step '(:prompt "greet")) :status))
(let ((kinds (mapcar (lambda (e) (plist-get e :kind)) (reverse events))))
  (saw 'events (vector (car kinds) (car (last kinds)))))
(saw 'text (mapconcat (lambda (e) (and (equal (plist-get e :kind) "textDelta")
                                       (plist-get e :delta)))
                      (reverse events) ""))

;; The library does not return the id of a request, so this interrupts the turn instead.
(setq on-event
      (lambda (event)
        (when (equal (plist-get event :kind) "toolOutput")
          (setq on-event #'ignore)
          (jsonrpc-async-request connection 'agent/interrupt
                                 (list :sessionId (plist-get event :sessionId))))))
(saw 'cancelled (plist-get (call 'agent/step '(:prompt "hang")) :status))

(saw 'answered (plist-get (call 'agent/step '(:prompt "ask")) :text))

(let* ((task (plist-get (call 'tasks/start '(:prompt "greet")) :taskId))
       (result (call 'tasks/wait (list :taskIds (vector task)))))
  (saw 'task (plist-get (aref (plist-get result :done) 0) :state)))

;; An answer without an id finds no continuation: an error in the filter, which
;; would end Emacs in batch mode.
(let ((command-error-function #'ignore))
  (process-send-string (jsonrpc--process connection) "Content-Length: 5\r\n\r\n{oops")
  (while (null (jsonrpc-last-error connection))
    (accept-process-output nil 1)))
(saw 'malformed (plist-get (jsonrpc-last-error connection) :code))

(call 'shutdown nil)
(jsonrpc-notify connection 'exit nil)
(while (jsonrpc-running-p connection)
  (accept-process-output nil 1))
(saw 'exit (process-exit-status (jsonrpc--process connection)))
(princ (json-serialize report))
