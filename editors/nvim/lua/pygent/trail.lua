--- What of a session's events still stands: a rewind takes back turns, and a rewind
--- to it brings them again. Knows events and nothing of the editor.
local Trail = {}
Trail.__index = Trail

local M = {}

---@class pygent.Trail
---@field seq integer number of the newest event
---@field rewound? string the last rewind, as long as no turn came after it
---@field private last pygent.TrailLink|false the newest event that stands
---@field private before table<string, pygent.TrailLink|false> by turn, rewind or revert: what stood when it began

---@class pygent.TrailLink
---@field event pygent.Event
---@field prev pygent.TrailLink|false

---@class pygent.TrailTurn
---@field id string
---@field words string of the user
---@field changes? pygent.Change[] nil: not known, as of a rewind

---@return pygent.Trail
function M.new() return setmetatable({ seq = 0, last = false, before = {} }, Trail) end

--- Takes the next event, in the order of their numbers.
---@param event pygent.Event
function Trail:add(event)
  self.seq = event.seq or self.seq
  local id = event.turnId
  if id and self.before[id] == nil then
    self.before[id] = self.last
  end
  if event.kind == 'rewound' then
    self.last = self.before[event.toTurnId] or false
    self.rewound = id
  else
    if event.kind == 'turnStarted' then
      self.rewound = nil
    end
    self.last = { event = event, prev = self.last }
  end
end

--- The events that stand, oldest first.
---@return pygent.Event[]
function Trail:events()
  local list, link = {}, self.last
  while link do
    list[#list + 1] = link.event
    link = link.prev
  end
  return vim.iter(list):rev():totable()
end

--- The turns that stand, newest first. One that only went on with another, after
--- an approval that its server did not live to see, has no words of its own and
--- counts to that.
---@return pygent.TrailTurn[]
function Trail:turns()
  local turns = {}
  for _, event in ipairs(self:events()) do
    if event.kind == 'message' and event.role == 'user' and event.turnId then
      local latest = turns[1]
      if not latest or latest.id ~= event.turnId then
        table.insert(turns, 1, { id = event.turnId, words = event.text or '', changes = {} })
      end
    elseif event.kind == 'turnFinished' and turns[1] then
      vim.list_extend(turns[1].changes, event.changes or {})
    end
  end
  return turns
end

return M
