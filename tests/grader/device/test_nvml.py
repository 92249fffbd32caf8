"""What is made of the driver's management library, with one that is made up: it may know little, or not be there."""

from types import SimpleNamespace

from grader.device.gpu import Gpu, Share
from grader.device.guard import GPU_FAULT, GPU_MEMORY, Guard
from grader.device.nvml import Nvml

REAL = Gpu(0, "GPU-1", "H200", 140_000, minor=0, accounts=True)


class Library:
    """Answers what a test has set; everything else it does not support."""

    NVML_FI_DEV_GET_GPU_RECOVERY_ACTION = 230
    NVML_MEMORY_ERROR_TYPE_UNCORRECTED = NVML_VOLATILE_ECC = 1
    nvmlEventTypeXidCriticalError = 8

    def __init__(self, **answers):
        self.answers = answers
        self.events = []

    def nvmlInit(self):
        pass

    def nvmlDeviceGetHandleByUUID(self, uuid):
        assert uuid == "GPU-1"
        return "handle"

    def nvmlEventSetCreate(self):
        return "set"

    def nvmlDeviceRegisterEvents(self, gpu, kinds, events):
        assert (gpu, kinds, events) == ("handle", 8, "set")

    def nvmlEventSetWait(self, events, timeout):
        if not self.events:
            raise RuntimeError("timeout")
        return SimpleNamespace(eventData=self.events.pop(0))

    def __getattr__(self, name):
        if name not in self.answers:
            raise RuntimeError("not supported")
        return lambda *_: self.answers[name]


def process(pid, megabytes):
    return SimpleNamespace(pid=pid, usedGpuMemory=None if megabytes is None else megabytes << 20)


def nvml(**answers):
    return Nvml(Library(**answers))


def test_without_the_library_nothing_is_known():
    silent = Nvml(SimpleNamespace())
    assert not silent.is_there
    assert (
        silent.minor("GPU-1") is silent.used("GPU-1") is silent.used_by("GPU-1", {1}) is silent.errors("GPU-1") is None
    )
    assert silent.fault("GPU-1") == ""
    assert silent.listen("GPU-1")() == []


def test_memory_is_summed_over_the_processes_of_one_candidate():
    running = [process(1, 100), process(2, 50), process(3, 9), process(4, None)]
    found = nvml(nvmlDeviceGetComputeRunningProcesses=running)
    assert found.used_by("GPU-1", {1, 2}) == 150
    assert found.used_by("GPU-1", {1, 4}) == 100
    assert found.used_by("GPU-1", {4}) is found.used_by("GPU-1", {77}) is None


def test_the_drivers_advice_and_broken_rows_are_faults():
    advice = SimpleNamespace(nvmlReturn=0, value=SimpleNamespace(uiVal=1))
    assert "reset it" in nvml(nvmlDeviceGetFieldValues=[advice]).fault("GPU-1")
    advice.value.uiVal = 0
    assert nvml(nvmlDeviceGetFieldValues=[advice]).fault("GPU-1") == ""
    rows = {"nvmlDeviceGetFieldValues": [SimpleNamespace(nvmlReturn=3, value=advice.value)]}
    assert "broken" in nvml(**rows, nvmlDeviceGetRemappedRows=(0, 1, 0, 1)).fault("GPU-1")
    assert nvml(**rows, nvmlDeviceGetRemappedRows=(4, 1, 1, 0)).fault("GPU-1") == ""


def guard(library, gpu=REAL, memory_mb=1000):
    made = Guard(Share(gpu, memory_mb), Nvml(library))
    made.settle(1)
    return made


def look(watcher):
    watcher._next_look = 0.0
    return watcher.excess(1)


def test_a_candidate_may_take_its_share_beyond_what_cuda_took():
    library = Library(nvmlDeviceGetComputeRunningProcesses=[process(1, 500)])
    watcher = guard(library)
    library.answers["nvmlDeviceGetComputeRunningProcesses"] = [process(1, 2200), process(9, 90_000)]
    assert look(watcher) == ""
    library.answers["nvmlDeviceGetComputeRunningProcesses"] = [process(1, 2300)]
    assert look(watcher) == GPU_MEMORY


def test_where_processes_cannot_be_told_apart_the_whole_gpu_is_measured():
    library = Library(nvmlDeviceGetMemoryInfo=SimpleNamespace(used=700 << 20))
    watcher = guard(library, Gpu(0, "GPU-1", "H200", 140_000, minor=0, accounts=False))
    assert look(watcher) == ""
    library.answers["nvmlDeviceGetMemoryInfo"] = SimpleNamespace(used=2500 << 20)
    assert look(watcher) == GPU_MEMORY


def test_the_devices_own_troubles_are_told_from_the_students():
    library = Library()
    watcher = guard(library)
    library.events = [31, 13]  # an address that is not there: the student's
    assert look(watcher) == ""
    library.events = [31, 79]  # fallen off the bus
    assert look(watcher) == GPU_FAULT
