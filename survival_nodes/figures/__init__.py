"""A frame in, a picture out: nothing here estimates anything."""

from .beside_published import published
from .curves import CurveView, kaplan_meier
from .figure import Figure
from .flow_chart import flow
from .forest_plot import forest

__all__ = ["CurveView", "Figure", "flow", "forest", "kaplan_meier", "published"]
