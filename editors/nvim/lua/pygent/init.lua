--- Pygent in Neovim: a thin client of the server. See |pygent|.
local M = {}

--- Changes settings. It need not be called.
---@param options? table see |pygent-setup|
function M.setup(options) require('pygent.config').set(options) end

--- Sends a message. It works without the chat: callback and the User autocommands report
--- what happens.
---@param prompt string
---@param options? pygent.AskOptions
---@param callback? fun(err?: pygent.Error, result?: pygent.StepResult)
function M.ask(prompt, options, callback) require('pygent.turn').ask(prompt, options, callback) end

--- Stops the running turn.
function M.stop() require('pygent.turn').stop() end

--- Shows the chat.
function M.open() require('pygent.chat').open() end

--- The state for a status line: "" before the plugin is used, else ready, working, asks or
--- off. It does not load the plugin.
---@return string
function M.status() return package.loaded['pygent.session'] and require('pygent.bar').state() or '' end

return M
