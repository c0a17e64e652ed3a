"""What has been published: rates and ratios, typed by endpoint, estimand and time."""

from .published import published_rates

__all__ = ["published_rates"]
