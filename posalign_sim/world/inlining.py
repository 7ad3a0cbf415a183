"""How functions are compiled that run only inside of others, as most kernels do.

Numba optimises every function fully, and makes machine code of it, before it is inlined into
others. For a function that nobody calls from outside that is work thrown away, and a round is made
of hundreds: here they get no machine code, and are only tidied up, to be optimised where they end
up. Where a world is one pair, whose loops are unrolled, they are optimised before that too: a stack
of institutions is then a fourteenth faster. (A ring of a million would be a seventh slower.)

Of numba's own this uses a code library of a function, and the pass that makes one; neither is
public.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def inlined_compiler(optimised: bool) -> Any:
    """Numba's compiler for a function that is only ever linked into others.

    Args:
        optimised: whether it is optimised before it is linked, or only tidied up.
    """
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import Compiler

    class Environments:
        """What a library is asked for by a function that has no place in memory to find its own."""

        def __init__(self, codegen: Any) -> None:
            self._codegen = codegen

        def __getattr__(self, name: str) -> Any:
            return getattr(self._codegen, name)

        def set_env(self, name: str, environment: Any) -> None:
            """Only what raises or prints needs one; nothing inside a world does."""

    class Library(JITCodeLibrary):
        """Code on its way into a round: tidied up, and not made executable."""

        @property
        def codegen(self) -> Any:
            return Environments(self._codegen)

        def add_ir_module(self, ir_module: Any) -> None:
            """Take in the code of a function, and note what its loads and stores are of."""
            tell_types_apart(ir_module)
            super().add_ir_module(ir_module)

        def _optimize_final_module(self) -> None:
            effort = {} if optimised else {"opt": self._codegen._opt_level, "cost": "cheap"}
            passes, builder = self._codegen._module_pass_manager(
                loop_vectorize=False, slp_vectorize=False, **effort
            )
            passes.run(self._final_module, builder)

        def _finalize_final_module(self) -> None:
            self._finalize_dynamic_globals()
            self._verify_declare_only_symbols()
            self._finalized = True

        def get_pointer_to_function(self, name: str) -> int:
            self._ensure_finalized()
            return 0

    class Terse(tuple[Any, ...]):
        """Types of arguments that do not tell all their fields whenever a pass asks their names."""

        def __str__(self) -> str:
            return f"{len(self)} arguments"

    class InlinedCompiler(Compiler):
        """Compiles into such a library."""

        def define_pipelines(self) -> Any:
            codegen = self.state.targetctx.codegen()
            self.state.args = Terse(self.state.args)
            self.state.library = Library(codegen, self.state.func_id.func_qualname)
            return super().define_pipelines()

    return InlinedCompiler


def tell_types_apart(module: Any) -> None:
    """Note of each load and store the type of the number that is moved.

    A field is only ever read and written as what it was declared to be. A compiler that is told so
    keeps numbers of one type in registers while those of another are written: without it every
    store into a world could change anything in it.
    """
    from llvmlite import ir

    root = module.add_metadata(["a world"])
    zero = ir.Constant(ir.IntType(64), 0)
    for function in module.functions:
        for block in function.blocks:
            for instruction in block.instructions:
                if isinstance(instruction, ir.LoadInstr):
                    moved = instruction.type
                elif isinstance(instruction, ir.StoreInstr):
                    moved = instruction.operands[0].type
                else:
                    continue
                if isinstance(moved, ir.IntType | ir.DoubleType | ir.FloatType):
                    kind = module.add_metadata([str(moved), root, zero])
                    instruction.set_metadata("tbaa", module.add_metadata([kind, kind, zero]))
