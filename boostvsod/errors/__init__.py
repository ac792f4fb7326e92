"""All errors that boostvsod raises on purpose, and the exit codes of its commands.

    BoostError            1   any other error
    ├── ConfigError       2   an unknown option or name, or a value that is not allowed
    ├── InputError        3   a video, an image or a folder that cannot be read
    ├── PluginError       4   a plugin is missing or broken, or returned a wrong value
    ├── WeightsError      5   weights are missing, damaged, or belong to another network
    ├── DeviceError       6   the requested device does not exist
    └── OutputError       7   results cannot be written

A message names the problem, the place, the actual value, and what the user can do.
Ctrl-C ends with 130 and SIGTERM with 143, as usual in shells. An error that boostvsod did not expect ends with 1.
"""

from __future__ import annotations


class BoostError(Exception):
    """The base class of all errors that boostvsod raises on purpose."""

    exit_code = 1


class ConfigError(BoostError):
    """An unknown option or name, or a value that is not allowed."""

    exit_code = 2


class InputError(BoostError):
    """A video, an image or a folder that cannot be read."""

    exit_code = 3


class PluginError(BoostError):
    """A plugin that is missing or broken, or returned a wrong value."""

    exit_code = 4


class WeightsError(BoostError):
    """Weights that are missing, damaged, or belong to another network."""

    exit_code = 5


class DeviceError(BoostError):
    """A requested device that does not exist."""

    exit_code = 6


class OutputError(BoostError):
    """Results that cannot be written."""

    exit_code = 7
