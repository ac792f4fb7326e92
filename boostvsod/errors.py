"""Every error boostvsod raises on purpose, and the exit code its command ends with.

    BoostError            1   something is wrong that no class below names
    ├── ConfigError       2   an option or a name nobody knows, or a value that cannot be
    ├── InputError        3   a video, an image or a folder that cannot be read as asked
    ├── PluginError       4   a plugin is missing or broken, or returned what it must not
    ├── WeightsError      5   weights are missing, damaged, or belong to another network
    ├── DeviceError       6   the asked-for device is not there
    └── OutputError       7   results cannot be written

A message says what went wrong, where, what was seen there, and what to do about it.
Ctrl-C ends with 130, as shells expect.
"""

from __future__ import annotations


class BoostError(Exception):
    """The root: catch this to catch all that boostvsod raises on purpose."""

    exit_code = 1


class ConfigError(BoostError):
    exit_code = 2


class InputError(BoostError):
    exit_code = 3


class PluginError(BoostError):
    exit_code = 4


class WeightsError(BoostError):
    exit_code = 5


class DeviceError(BoostError):
    exit_code = 6


class OutputError(BoostError):
    exit_code = 7
