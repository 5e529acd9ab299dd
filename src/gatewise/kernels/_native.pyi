from typing import TypedDict

class _BuildInfo(TypedDict):
    compiler: str
    compiler_version: str
    build_type: str
    targets: str

def build_info() -> _BuildInfo: ...
def cpu_features() -> dict[str, bool]: ...
