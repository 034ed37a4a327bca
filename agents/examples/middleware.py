"""LangChain's agent with its human-in-the-loop middleware. The model is a script, so that no key is needed."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, tool


@tool
def pay_invoice(vendor: str, amount: float) -> str:
    """Pays an invoice."""
    return f"Paid ${amount:,.2f} to {vendor}."


@tool
def delete_file(path: str) -> str:
    """Deletes a file."""
    return f"Deleted {path}."


@tool
def read_balance() -> str:
    """Reads the balance. Nobody is asked."""
    return "The balance is $12,400.00."


CALLS: tuple[dict[str, Any], ...] = (
    {"name": "read_balance", "args": {}, "id": "call-1"},
    {"name": "pay_invoice", "args": {"vendor": "Acme", "amount": 900.0}, "id": "call-2"},
    {"name": "delete_file", "args": {"path": "/archive/2019.zip"}, "id": "call-3"},
)


class ScriptedModel(BaseChatModel):
    """Calls three tools at once, then says what became of them."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The script knows its tools."""
        del tools, kwargs
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager, kwargs
        results = [message for message in messages if isinstance(message, ToolMessage)]
        if results:
            said = AIMessage("Done. " + " ".join(str(message.text) for message in results))
        else:
            said = AIMessage("", tool_calls=[{**call, "type": "tool_call"} for call in CALLS])
        return ChatResult(generations=[ChatGeneration(message=said)])


graph = create_agent(
    ScriptedModel(),
    tools=[pay_invoice, delete_file, read_balance],
    middleware=[
        HumanInTheLoopMiddleware(
            interrupt_on={
                "pay_invoice": True,
                "delete_file": {"allowed_decisions": ["approve", "reject"]},
            }
        )
    ],
)
