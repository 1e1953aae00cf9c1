"""The policies stage: rules in CEL, judged on resources and on changes. It is loaded only if there are policies."""
