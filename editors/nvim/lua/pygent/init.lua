--- Pygent in Neovim: a thin client of the server. See |pygent|.
local M = {}

--- Sets what differs from the defaults. Not needed otherwise.
---@param options? table see |pygent-setup|
function M.setup(options) require('pygent.config').set(options) end

--- Sends a message. It works without the chat; what happens is told by callback
--- and by the User autocommands.
---@param prompt string
---@param options? pygent.AskOptions
---@param callback? fun(err?: pygent.Error, result?: pygent.StepResult)
function M.ask(prompt, options, callback) require('pygent.turn').ask(prompt, options, callback) end

--- Stops the running turn.
function M.stop() require('pygent.turn').stop() end

--- Shows the chat.
function M.open() require('pygent.chat').open() end

--- The state for a status line: "" before the plugin was used, else ready, working,
--- asks or off. Costs nothing as long as nothing was loaded.
---@return string
function M.status() return package.loaded['pygent.session'] and require('pygent.bar').state() or '' end

return M
