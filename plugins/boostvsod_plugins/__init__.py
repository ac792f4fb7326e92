"""Built-in flow, motion, mining, fusing and recipes. Each comes in through the plugin door."""
