"""How the kernels are compiled, and how they see data.

A `Table` is a set of named arrays and whole numbers. Python sees numpy arrays; a kernel sees one pointer to their
addresses, so that forty arrays cost a call no more than one argument does (as numba arrays or named tuples they made
a move thirty times slower and compilation ten times longer: measured). Inside kernels ``table.name[i]`` has no bounds
check and no negative index.

Compiled kernels are kept on disk. numba looks only at a kernel's own file when it decides whether its cache is stale,
not at the kernels it calls, so every version of these sources has a cache folder of its own (`forget_old`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_HERE = Path(__file__).parent
_ITEMS = {name: getattr(types, name) for name in ("int8", "int32", "int64", "uint64", "float64")}
_WORD = ir.IntType(64)


def _digest() -> str:
    sources = b"".join(path.read_bytes() for path in sorted(_HERE.glob("*.py")))
    return hashlib.sha256(sources + numba.__version__.encode()).hexdigest()[:16]


_BASE = Path(os.environ.get("NUMBA_CACHE_DIR") or _HERE / "__pycache__")
CACHE = _BASE / f"kernels-{_digest()}"
numba.config.CACHE_DIR = str(CACHE)  # type: ignore[attr-defined]


def forget_old() -> None:
    """Remove the compiled kernels of other versions."""
    for folder in _BASE.glob("kernels-*"):
        if folder != CACHE:
            shutil.rmtree(folder, ignore_errors=True)


if TYPE_CHECKING:

    def kernel(function: Kernel) -> Kernel:
        """Compile a function to machine code, once per version of the sources."""

else:
    kernel = numba.njit(cache=True, error_model="numpy", _nrt=False)


class Table:
    """Named arrays and whole numbers that a kernel can use.

    Parameters
    ----------
    fields
        Contiguous arrays, or whole numbers and truths that never change.
    """

    def __init__(self, **fields: Any) -> None:
        layout, words = [], []
        for name, value in fields.items():
            if isinstance(value, np.ndarray):
                value = np.ascontiguousarray(value)
                layout.append((name, str(value.dtype)))
                words.append(value.ctypes.data)
            else:
                layout.append((name, "number"))
                words.append(int(value))
            setattr(self, name, value)
        self._words = np.array(words, dtype=np.int64)
        self.address = self._words.ctypes.data
        self.numba_type = _TableType(tuple(layout))


class _TableType(types.Type):  # type: ignore[misc]
    def __init__(self, layout: tuple[tuple[str, str], ...]) -> None:
        self.layout = layout
        super().__init__(name=f"Table{layout}")

    def field(self, name: str) -> tuple[int, Any]:
        """Place of a field and its type in kernels; a missing one is an AttributeError of the kernel."""
        for index, (known, kind) in enumerate(self.layout):
            if known == name:
                return index, types.int64 if kind == "number" else types.CPointer(_ITEMS[kind])
        return -1, None


@register_model(_TableType)
class _TableModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _WORD.as_pointer())


@typeof_impl.register(Table)
def _typeof(value: Table, _context: Any) -> _TableType:
    return value.numba_type


@unbox(_TableType)
def _unbox(_kind: Any, value: Any, call: Any) -> Any:
    attribute = call.pyapi.object_getattr_string(value, "address")
    address = call.pyapi.long_as_longlong(attribute)
    call.pyapi.decref(attribute)
    pointer = call.builder.inttoptr(address, _WORD.as_pointer())
    return NativeValue(pointer, is_error=cgutils.is_not_null(call.builder, call.pyapi.err_occurred()))


@infer_getattr
class _TableAttributes(AttributeTemplate):  # type: ignore[misc]
    key = _TableType

    def generic_resolve(self, kind: _TableType, name: str) -> Any:  # type: ignore[override]
        """Type of a field."""
        return kind.field(name)[1]


@lower_getattr_generic(_TableType)
def _getattr(context: Any, builder: Any, kind: _TableType, value: Any, name: str) -> Any:
    index, field = kind.field(name)
    word = builder.load(builder.gep(value, [ir.Constant(ir.IntType(32), index)]))
    word.set_metadata("invariant.load", builder.module.add_metadata([]))
    return word if field == types.int64 else builder.inttoptr(word, context.get_value_type(field))
