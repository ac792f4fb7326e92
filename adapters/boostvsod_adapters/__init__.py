"""Built-in target models. Each file here comes in through the plugin door, as a third party's would."""
