public import Agent
public import AgentServer

/// The port through which the server calls the agent.
extension Agent: AgentService {}
